package probe

import (
	"errors"
	"fmt"
	"slices"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/probe/record"
	"nettool/internal/report"
)

// pluginEnd writes a plugin's line. What kept it from asking is not known to be the
// target's fault.
func pluginEnd(call *cli.Call, p *record.Plugin, err error) error {
	if e, ok := errors.AsType[*exit.Error](err); err != nil && (!ok || e.Err != nil) { // else it is a code only
		fmt.Fprintln(call.Stdout, record.PluginLine(record.StateUnknown, report.Escape(err.Error()), ""))
		return exit.Status(exit.Code(record.StateUnknown))
	}
	if _, err := fmt.Fprintln(call.Stdout, p.Line()); err != nil {
		return exit.Errorf(exit.Code(record.StateUnknown), "write results: %w", err)
	}
	return exit.Status(exit.Code(p.State()))
}

// Misused writes a plugin's line about a command line that cannot be read, if it asks
// for one.
func (*Cmd) Misused(call *cli.Call, args []string, err error) error {
	if !slices.Contains(args, "--nagios") {
		return err
	}
	return pluginEnd(call, nil, err)
}
