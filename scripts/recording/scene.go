package main

import (
	"fmt"
	"strings"
	"time"
)

// step is one command of a scene.
type step struct {
	pause   time.Duration // before it is typed
	command string
}

// parseScene reads a scene.
func parseScene(text string) (scene []step, err error) {
	var next step
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		pause, isPause := strings.CutPrefix(line, "# pause ")
		switch {
		case isPause:
			if next.pause, err = time.ParseDuration(pause); err != nil || next.pause < 0 {
				return nil, fmt.Errorf("line %d: no pause: %q", i+1, pause)
			}
		case line == "" || line[0] == '#':
		default:
			next.command = line
			scene = append(scene, next)
			next = step{}
		}
	}
	if len(scene) == 0 {
		return nil, fmt.Errorf("there is no command")
	}
	return scene, nil
}
