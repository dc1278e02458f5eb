package probe

import (
	"fmt"
	"time"

	"nettool/internal/exit"
	"nettool/internal/probe/live"
	"nettool/internal/probe/plot"
	"nettool/internal/probe/record"
	"nettool/internal/probe/saved"
	"nettool/internal/probe/series"
)

// kept is what is kept of a run for --save and --plot. Nil keeps nothing.
type kept struct {
	mode    string
	flags   *keepFlags
	file    *saved.File // of --save, or nil
	picture *saved.File // of --plot, or nil
	courses []series.Series
	saved   []saved.Target
	panels  []plot.Panel
	columns int
}

// begin opens the files. The caller calls end, whatever happens.
func (f *keepFlags) begin(s *session, mode, output string) (k *kept, err error) {
	if f.Save == "" && !f.Plot.on {
		return nil, nil
	}
	if f.Plot.on && f.Plot.file == "" && output != "text" {
		return nil, exit.Errorf(exit.Usage, "--plot draws text, which does not go with -o %s: give it a file, as in --plot run.svg", output)
	}
	k = &kept{mode: mode, flags: f, columns: live.Columns(s.call.Stdout)}
	if k.file, err = create("--save", f.Save); err != nil {
		return nil, err
	}
	if k.picture, err = create("--plot", f.Plot.file); err != nil {
		k.discard()
		return nil, err
	}
	return k, nil
}

func create(flag, name string) (*saved.File, error) {
	if name == "" {
		return nil, nil
	}
	f, err := saved.Create(name)
	if err != nil {
		return nil, exit.Errorf(exit.Local, "%s: %w", flag, err)
	}
	return f, nil
}

// course is a target's, counted from zero; nil when nothing is kept.
func (k *kept) course(target int) *series.Series {
	if k == nil {
		return nil
	}
	for len(k.courses) <= target {
		k.courses = append(k.courses, series.Series{})
	}
	return &k.courses[target]
}

// add takes a target's summary, in order, and gives it its plot.
func (k *kept) add(label string, sum *record.Summary) {
	if k == nil {
		return
	}
	course := k.course(len(k.saved))
	k.saved = append(k.saved, saved.Of(label, sum.Tally, course))
	k.panels = append(k.panels, plot.Panel{Title: record.SummaryLine(sum), Series: course})
	if k.flags.Plot.on && k.flags.Plot.file == "" {
		sum.Plot = plot.Text(course, k.columns)
	}
}

// end writes the files.
func (k *kept) end(elapsed time.Duration) error {
	if k == nil {
		return nil
	}
	defer k.discard()
	if k.file != nil {
		run := &saved.Run{Mode: k.mode, ElapsedUS: elapsed.Microseconds(), Targets: k.saved}
		if err := finished(k.file, saved.Write(k.file, run)); err != nil {
			return exit.With(exit.Local, fmt.Errorf("save the run: %w", err))
		}
	}
	if k.picture != nil {
		if err := finished(k.picture, plot.SVG(k.picture, k.panels)); err != nil {
			return exit.With(exit.Local, fmt.Errorf("write the plot: %w", err))
		}
	}
	return nil
}

// finished gives a file its name when nothing was wrong.
func finished(f *saved.File, err error) error {
	if err != nil {
		return err
	}
	return f.Commit()
}

// discard closes and removes what was not finished.
func (k *kept) discard() {
	if k == nil {
		return
	}
	for _, f := range []*saved.File{k.file, k.picture} {
		if f != nil {
			f.Discard()
		}
	}
}
