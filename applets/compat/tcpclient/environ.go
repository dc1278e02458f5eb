package tcpclient

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"nettool/internal/ident"
)

// environ looks up what the options ask for, one after another, and returns the variables for
// the program. What is not known, or was not asked for, is not among them.
func (o *options) environ(local, remote netip.AddrPort) []string {
	ctx := context.Background()
	var all []string
	if o.localHost != nil {
		all = append(all, "TCPLOCALHOST="+*o.localHost)
	} else {
		all = appendName(ctx, all, "TCPLOCALHOST", local)
	}
	if o.remoteHost {
		all = appendName(ctx, all, "TCPREMOTEHOST", remote)
	}
	if o.remoteInfo {
		ctx, cancel := context.WithTimeout(ctx, o.infoTime)
		defer cancel()
		if info, err := ident.Query(ctx, local, remote); err == nil {
			all = append(all, "TCPREMOTEINFO="+info)
		}
	}
	return all
}

// appendName adds the name of an address, in lower case and without a last dot. It is empty if the
// address has none, and there is no variable if nobody could say.
func appendName(ctx context.Context, all []string, variable string, at netip.AddrPort) []string {
	names, err := net.DefaultResolver.LookupAddr(ctx, at.Addr().Unmap().WithZone("").String())
	if failure, ok := errors.AsType[*net.DNSError](err); ok && failure.IsNotFound {
		names, err = []string{""}, nil
	}
	if err != nil || len(names) == 0 {
		return all
	}
	return append(all, variable+"="+strings.ToLower(strings.TrimSuffix(names[0], ".")))
}
