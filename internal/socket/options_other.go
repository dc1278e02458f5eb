//go:build !linux

package socket

import (
	"errors"
	"net"

	"nettool/internal/exit"
)

// apply sets nothing: what portable code can set, settle sets on the connection.
func (o Options) apply(uintptr, string, bool) error {
	return o.unsupported()
}

// unsupported names an option that was asked for and that only Linux has.
func (o Options) unsupported() error {
	name := ""
	switch {
	case o.ReusePort:
		name = "reuse-port"
	case o.Interface != "":
		name = "interface"
	case o.TTL > 0:
		name = "ttl"
	case o.DSCP > 0:
		name = "dscp"
	case o.TOS > 0:
		name = "tos"
	case o.MinTTL > 0:
		name = "minttl"
	case o.MD5 != "":
		name = "md5"
	case o.Debug:
		name = "debug"
	case o.DeferAccept > 0:
		name = "defer-accept"
	case o.DeadPeer > 0:
		name = "dead-peer"
	case o.Backlog != 0:
		name = "backlog"
	default:
		return nil
	}
	return exit.Errorf(exit.Usage, "%s: only Linux has it", name)
}

// settle sets on a connection what Linux sets on the socket before.
func (o Options) settle(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	k := o.keepAlive()
	_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: k.on, Idle: k.idle})
	if o.RcvBuf > 0 {
		_ = tcp.SetReadBuffer(o.RcvBuf)
	}
	if o.SndBuf > 0 {
		_ = tcp.SetWriteBuffer(o.SndBuf)
	}
	_ = tcp.SetNoDelay(o.NoDelay >= 0)
}

func listenAgain(uintptr, int) error { return errors.ErrUnsupported }
