// Recording makes the picture of a terminal that the README shows: it types the commands
// of a scene into a real shell, at a pace that one can follow, and draws what the terminal
// shows as an SVG that moves.
//
//	sh scripts/recording/record.sh		writes scripts/recording/nettool.svg
//	go run ./scripts/recording SCENE	writes to standard output
//
// A scene is a line for each command. The next one is typed when the shell asks for it,
// and a pause after "# pause" before it; other lines that begin with # are for readers.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

// columns and rows are the size of the terminal.
const columns, rows = 100, 26

// lastStays is for how long the end is shown before the picture begins again.
const lastStays = 4 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: recording SCENE")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	scene, err := parseScene(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	dir, err := os.MkdirTemp("", "recording-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	shell := exec.Command("bash", "--norc", "--noprofile", "-i")
	shell.Dir = dir
	shell.Env = append(os.Environ(), "PS1="+prompt, "TERM=xterm-256color", "HISTFILE=", "HOME="+dir)
	film, err := record(shell, scene)
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(draw(film, lastStays))
	return err
}
