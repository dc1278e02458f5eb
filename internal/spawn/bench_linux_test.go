package spawn

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkStart starts /bin/true by the number of descriptors held, directly and
// from the thread with a table of its own.
func BenchmarkStart(b *testing.B) {
	for _, held := range []int{0, 128, 256, 384, 512, 768, 1000, 2000, 4000, 8000, 16000} {
		for _, crowd := range []int{-1, 1} {
			name := "direct"
			if crowd > 0 {
				name = "apart"
			}
			b.Run(fmt.Sprintf("held=%d/%s", held, name), func(b *testing.B) {
				hold(b, held)
				null := devNull(b)
				s := &Starter{Crowd: crowd}
				defer s.Close()
				before := processorTime(b)
				for b.Loop() {
					pid, pidfd, err := s.Start("/bin/true", []string{"true"}, Attr{Files: []int{null, null, null}, Setsid: true})
					if err != nil {
						b.Fatal(err)
					}
					reap(b, pid, pidfd)
				}
				b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// processorTime is what this process and its children have used, in nanoseconds.
func processorTime(b *testing.B) (total int64) {
	b.Helper()
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var usage unix.Rusage
		if err := unix.Getrusage(who, &usage); err != nil {
			b.Fatal(err)
		}
		total += usage.Utime.Nano() + usage.Stime.Nano()
	}
	return total
}

// BenchmarkThread makes and ends the thread by the number of descriptors held.
func BenchmarkThread(b *testing.B) {
	for _, held := range []int{512, 8000, 16000} {
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) {
			hold(b, held)
			before := processorTime(b)
			for b.Loop() {
				t, err := newThread()
				if err != nil {
					b.Fatal(err)
				}
				t.close()
			}
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}
