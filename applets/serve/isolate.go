package serve

import (
	"os"

	"nettool/internal/exit"
	"nettool/internal/isolate"
)

// isolation is what a program is kept from.
func (c *Cmd) isolation() (isolate.Settings, error) {
	s := isolate.Settings{
		Chroot:     c.Chroot,
		Workdir:    c.Workdir,
		Nice:       c.Nice,
		Rlimits:    c.Rlimit,
		NoNewPrivs: c.NoNewPrivs,
		Landlock:   c.Landlock,
		Namespaces: c.Unshare,
		Tmpfs:      c.Tmpfs,
		Subreaper:  c.Subreaper,
	}
	if c.Umask != "" {
		var err error
		if s.Umask, err = isolate.ParseUmask(c.Umask); err != nil {
			return s, exit.With(exit.Usage, err)
		}
		s.Masked = true
	}
	for _, kv := range c.Env {
		if err := isolate.CheckVariable(kv); err != nil {
			return s, exit.With(exit.Usage, err)
		}
	}
	switch {
	case c.Nice < -40 || c.Nice > 39:
		return s, exit.Errorf(exit.Usage, "nice %d: want a number from -40 to 39", c.Nice)
	case len(c.Tmpfs) > 0 && !c.Unshare.Has(isolate.Mount):
		return s, exit.Errorf(exit.Usage, "--tmpfs needs --unshare mount: it would cover the directory for all")
	}
	return s, nil
}

// environ is what the environments of programs and children begin with.
func (c *Cmd) environ() []string {
	environ := os.Environ()
	if c.ClearEnv {
		environ = nil
	}
	return isolate.With(environ, c.Env)
}

// apart are the flags that keep a program apart.
func (c *Cmd) apart() (given []string) {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"--chroot", c.Chroot != ""},
		{"--workdir", c.Workdir != ""},
		{"--umask", c.Umask != ""},
		{"--nice", c.Nice != 0},
		{"--rlimit", len(c.Rlimit) > 0},
		{"--no-new-privs", c.NoNewPrivs},
		{"--landlock", len(c.Landlock) > 0},
		{"--clear-env", c.ClearEnv},
		{"--env", len(c.Env) > 0},
		{"--unshare", c.Unshare != 0},
		{"--tmpfs", len(c.Tmpfs) > 0},
		{"--subreaper", c.Subreaper},
	} {
		if f.set {
			given = append(given, f.name)
		}
	}
	return given
}

func (c *Cmd) keepsApart() bool { return len(c.apart()) > 0 }
