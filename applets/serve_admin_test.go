package applets_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// adminCommands are the script commands of the tests of --admin.
func adminCommands() map[string]scriptCmd {
	return map[string]scriptCmd{
		"adminof": cmdAdminOf,
		"get":     cmdGet,
		"await":   cmdAwait,

		"lowaddress": cmdLowAddress,
	}
}

// cmdAdminOf sets $NAME_ADMIN and $NAME_ADMINPORT to where a server answers
// questions: adminof NAME.
func cmdAdminOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: adminof NAME")
	}
	line := ` admin=([^ ,\n]+)|"admin":"([^",]+)`
	cmdWaitlog(ts, false, []string{args[0], line})
	m := regexp.MustCompile(line).FindStringSubmatch(lookup(ts, args[0]).text())
	ts.Setenv(args[0]+"_ADMIN", m[1]+m[2])
	if _, port, err := net.SplitHostPort(m[1] + m[2]); err == nil {
		ts.Setenv(args[0]+"_ADMINPORT", port)
	}
}

// cmdGet asks over HTTP and expects a status; the answer is in stdout:
//
//	get [METHOD] [Host=NAME] ADDRESS PATH STATUS
func cmdGet(ts *testscript.TestScript, neg bool, args []string) {
	method, host := "GET", "127.0.0.1"
	for len(args) > 3 {
		if name, ok := strings.CutPrefix(args[0], "Host="); ok {
			host = name
		} else {
			method = args[0]
		}
		args = args[1:]
	}
	if neg || len(args) != 3 {
		ts.Fatalf("usage: get [METHOD] [Host=NAME] ADDRESS PATH STATUS")
	}
	status, text, err := ask(args[0], method, host, args[1])
	ts.Check(err)
	fmt.Fprint(ts.Stdout(), text)
	if strconv.Itoa(status) != args[2] {
		ts.Fatalf("status %d, want %s:\n%s", status, args[2], text)
	}
}

// cmdAwait asks until the answer matches, COUNT times if that is given:
//
//	await ADDRESS PATH REGEXP [COUNT]
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: await ADDRESS PATH REGEXP [COUNT]")
	}
	want, count, late := regexp.MustCompile("(?m)"+args[2]), 1, time.Now().Add(patience)
	if len(args) > 3 {
		var err error
		count, err = strconv.Atoi(args[3])
		ts.Check(err)
	}
	for {
		_, text, err := ask(args[0], "GET", "127.0.0.1", args[1])
		ts.Check(err)
		found := len(want.FindAllStringIndex(text, count))
		if found >= count {
			return
		}
		if time.Now().After(late) {
			ts.Fatalf("%d of %d matches for %q in:\n%s", found, count, args[2], text)
		}
		time.Sleep(5 * time.Millisecond) // the server has other things to do
	}
}

// ask returns the status, and the header and the body as text.
func ask(addr, method, host, path string) (status int, text string, err error) {
	c, err := dialTo(addr)
	if err != nil {
		return 0, "", err
	}
	defer c.Close()
	fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", method, path, host)
	r, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return 0, "", err
	}
	body, err := io.ReadAll(r.Body)
	var b strings.Builder
	r.Header.Write(&b)
	return r.StatusCode, strings.ReplaceAll(b.String(), "\r\n", "\n") + "\n" + string(body), err
}

// cmdLowAddress sets $VAR to a loopback address with a free port below 1024:
// lowaddress VAR.
func cmdLowAddress(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: lowaddress VAR")
	}
	for range 100 {
		addr := fmt.Sprintf("127.%d.%d.%d:%d", 1+rand.IntN(200), rand.IntN(256), 1+rand.IntN(250), 600+rand.IntN(424))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			ts.Setenv(args[0], addr)
			return
		}
	}
	ts.Fatalf("no free port below 1024")
}
