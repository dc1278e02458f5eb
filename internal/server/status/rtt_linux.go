package status

import (
	"nettool/internal/server/run"
	"nettool/internal/socket"
)

// findRTT asks the kernel about the connections whose sockets are another
// process's, by their addresses.
func findRTT(all []run.Live) {
	var diag socket.Diag
	defer diag.Close()
	for i := range all {
		if info, ok := diag.Info(all[i].Ends[0], all[i].Ends[1]); ok {
			all[i].RTT, all[i].Retrans = info.RTT, info.Retrans
		}
	}
}
