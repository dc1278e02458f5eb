package supervise

import (
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// watchdogInterval is how often the service manager wants a sign of life, or
// zero (sd_watchdog_enabled(3)).
func watchdogInterval() (time.Duration, error) { return daemon.SdWatchdogEnabled(false) }

// monotonicState is the time of a reload, as Type=notify-reload wants it.
func monotonicState() string { return daemon.SdNotifyMonotonicUsec() }

// tellManager sends a state to the service manager, if there is one
// (sd_notify(3)).
func tellManager(state string) error {
	_, err := daemon.SdNotify(false, state)
	return err
}
