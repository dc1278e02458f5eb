// Package tcprulescheck answers to tcprulescheck(1): what tcpserver(1) would do with a
// peer, by the rules of a database.
package tcprulescheck

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"

	"nettool/internal/cdb"
	"nettool/internal/cli"
	"nettool/internal/tcprules"
	"nettool/internal/ucspi"
)

// The exit codes of tcprulescheck.
const (
	wrong  = 100 // the command line
	failed = 111 // the system, or the database
)

// Run is tcprulescheck CDB, with the peer in the environment.
func Run(call *cli.Call, args []string) int {
	if len(args) < 1 {
		fmt.Fprintln(call.Stderr, "tcprulescheck: usage: tcprulescheck rules.cdb")
		return wrong
	}
	verdict, err := ask(args[0], tcprules.Peer{
		IP: variable("TCPREMOTEIP"), Host: variable("TCPREMOTEHOST"), Info: variable("TCPREMOTEINFO"),
	})
	if err != nil {
		fmt.Fprintf(call.Stderr, "tcprulescheck: fatal: unable to read %s: %s\n", args[0], reason(err))
		return failed
	}
	if _, err := call.Stdout.Write(verdict); err != nil {
		fmt.Fprintf(call.Stderr, "tcprulescheck: fatal: unable to write output: %s\n", reason(err))
		return failed
	}
	return 0
}

// variable is nil if it is not set.
func variable(name string) *string {
	value, set := os.LookupEnv(name)
	if !set {
		return nil
	}
	return &value
}

// reason is the system's. All that can be wrong with a database is one to tcprulescheck.
func reason(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return ucspi.Reason(errno)
	}
	return ucspi.Reason(syscall.EPROTO)
}

func ask(path string, p tcprules.Peer) (verdict []byte, err error) {
	db, err := cdb.Open(path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	address, rule, found, err := tcprules.Find(db, p)
	if err != nil {
		return nil, err
	}
	return describe(address, rule, found), nil
}

func describe(address string, rule tcprules.Rule, found bool) []byte {
	var b bytes.Buffer
	if found {
		fmt.Fprintf(&b, "rule %s:\n", address)
	} else {
		b.WriteString("default:\n")
	}
	for _, variable := range rule.Env {
		fmt.Fprintf(&b, "set environment variable %s\n", variable)
	}
	if rule.Deny {
		b.WriteString("deny connection\n")
	} else {
		b.WriteString("allow connection\n")
	}
	return b.Bytes()
}
