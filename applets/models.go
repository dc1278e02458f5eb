package applets

import (
	"os"

	"github.com/alecthomas/kong"

	"nettool/internal/cli"
)

// Version is what --version prints behind the name.
func Version() string { return versionOf() }

// Models returns what kong makes of the flags of nettool, tcpserve, tcpconnect
// and tcpprobe, in this order: what --help is printed from, for manual pages and
// completions. nettool's has the applets as its commands.
func Models() ([]*kong.Application, error) {
	var models []*kong.Application
	for _, name := range []string{"nettool", "tcpserve", "tcpconnect", "tcpprobe"} {
		parser, _, err := newParser(newApplet(appletOf(name)), &cli.Call{Name: name, Stdout: os.Stdout, Stderr: os.Stderr})
		if err != nil {
			return nil, err
		}
		models = append(models, parser.Model)
	}
	return models, nil
}
