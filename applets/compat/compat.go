// Package compat answers to the names of other tools that people's scripts have.
// Each name has a package of its own, which translates that tool's command line
// into the flags of our applets, runs them, and has them speak and end as that
// tool does. Nothing that they do is written twice.
package compat

import (
	"nettool/applets/compat/crlf"
	"nettool/applets/compat/nc"
	"nettool/applets/compat/tcpclient"
	"nettool/applets/compat/tcprules"
	"nettool/applets/compat/tcprulescheck"
	"nettool/applets/compat/tcpserver"
	"nettool/internal/cli"
)

// Tool runs a command line, without argv[0], and returns the exit code that
// the tool it stands for would have. It prints what that tool would print.
type Tool func(call *cli.Call, args []string) int

// Names are those of all tools. scripts/install.sh has them, too.
func Names() []string {
	return []string{"addcr", "date@", "delcr", "finger@", "http@", "nc", "tcpcat", "tcpclient", "tcprules", "tcprulescheck", "tcpserver", "who@"}
}

// Named returns the tool of that name, or nil.
func Named(name string) Tool {
	switch name {
	case "addcr":
		return crlf.Add
	case "date@":
		return tcpclient.Date
	case "delcr":
		return crlf.Delete
	case "finger@":
		return tcpclient.Finger
	case "http@":
		return tcpclient.HTTP
	case "tcpcat":
		return tcpclient.Cat
	case "tcpclient":
		return tcpclient.Run
	case "tcprules":
		return tcprules.Run
	case "tcprulescheck":
		return tcprulescheck.Run
	case "tcpserver":
		return tcpserver.Main
	case "who@":
		return tcpclient.Who
	case "nc":
		return nc.Main
	}
	return nil
}
