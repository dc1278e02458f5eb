package applets

import (
	"fmt"

	"github.com/alecthomas/kong"

	"nettool/internal/exit"
)

// help prints kong's own help, then the exit codes, which are the same for
// every applet.
func help(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	fmt.Fprintf(ctx.Stdout, "\nExit codes:\n")
	for _, row := range exit.Table() {
		fmt.Fprintf(ctx.Stdout, "  %-6s %s\n", row.Code, row.Meaning)
	}
	return nil
}
