// Command reexec is the plainest Go server with a process per connection: it
// runs itself again through os/exec for each one, and the new process echoes.
// It is here to be measured against.
//
// It listens on 127.0.0.1, on a port that the system chooses.
package main

import (
	"io"
	"log"
	"net"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		io.Copy(os.Stdout, os.Stdin)
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(conn.(*net.TCPConn))
	}
}

// serve gives the connection to a new process and waits for its end.
func serve(conn *net.TCPConn) {
	file, err := conn.File()
	conn.Close()
	if err != nil {
		log.Print(err)
		return
	}
	defer file.Close()
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = file, file, os.Stderr
	cmd.Run() // a reset connection is an error of the copy, not of ours
}
