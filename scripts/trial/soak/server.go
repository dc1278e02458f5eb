package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience bounds every wait.
const patience = 30 * time.Second

// server is one server, whichever of its images it is now.
type server struct {
	name, pidFile, admin   string
	streams, tls, packets  string // addresses, or empty
	cmd                    *exec.Cmd
	reloads, kills, images int
}

// start starts a server and waits until it listens.
func start(dir, name string, args []string) (*server, error) {
	s := &server{name: name, pidFile: filepath.Join(dir, name+".pid"), admin: filepath.Join(dir, name+".admin"), images: 1}
	if err := os.MkdirAll(filepath.Join(dir, "received"), 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	ready, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ready.Close()
	flags := []string{"-q", "--ready-fd", "3", "--pid-file", s.pidFile, "--admin", "unix:" + s.admin, "--grace", "2s", "--upgrade-grace", "8s"}
	s.cmd = exec.Command("tcpserve", append(flags, args...)...)
	s.cmd.Stderr, s.cmd.ExtraFiles = log, []*os.File{theirs}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = s.cmd.Start()
	theirs.Close()
	if err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(ready); lines.Scan(); {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "udp:"):
			s.packets = strings.TrimPrefix(line, "udp:")
		case s.streams == "":
			s.streams = line
		default:
			s.tls = strings.TrimPrefix(line, "tls:")
		}
	}
	if s.streams == "" {
		return s, fmt.Errorf("it does not listen: see %s", log.Name())
	}
	return s, nil
}

// pid is the present image.
func (s *server) pid() int {
	text, _ := os.ReadFile(s.pidFile)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}

// stop ends it and waits until it is gone.
func (s *server) stop() {
	pid := s.pid()
	if pid == 0 {
		pid = s.cmd.Process.Pid
	}
	syscall.Kill(pid, syscall.SIGTERM)
	if pid == s.cmd.Process.Pid {
		s.cmd.Wait()
		return
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && syscall.Kill(pid, 0) == nil; {
		time.Sleep(10 * time.Millisecond)
	}
}

// reload has it read its rules again.
func (s *server) reload() {
	s.reloads++
	syscall.Kill(s.pid(), syscall.SIGHUP)
}

// killChild kills one of its children, if it has any.
func (s *server) killChild() {
	if kids := children(s.pid()); len(kids) > 0 {
		s.kills++
		syscall.Kill(kids[rand.N(len(kids))], syscall.SIGKILL)
	}
}

// upgrade has it replaced, and waits until the next image is there.
func (s *server) upgrade() error {
	before := s.pid()
	if before == s.cmd.Process.Pid {
		go s.cmd.Wait()
	}
	syscall.Kill(before, syscall.SIGUSR2)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if pid := s.pid(); pid != 0 && pid != before {
			s.images++
			return nil
		}
	}
	return fmt.Errorf("%s: no upgrade of %d", s.name, before)
}

// children are the processes that a process has started.
func children(pid int) (kids []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range tasks {
		text, _ := os.ReadFile(file)
		for field := range strings.FieldsSeq(string(text)) {
			if kid, err := strconv.Atoi(field); err == nil {
				kids = append(kids, kid)
			}
		}
	}
	return kids
}

// metrics asks it for its metrics without labels, by name.
func (s *server) metrics() (map[string]float64, error) {
	c, err := net.DialTimeout("unix", s.admin, patience)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(c, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	page, err := io.ReadAll(c)
	if err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for line := range strings.Lines(string(page)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			all[name] = number
		}
	}
	return all, nil
}

// certificate makes one for 127.0.0.1, and returns the flags for it.
func certificate(dir string) ([]string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(crand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	cert, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		return nil, err
	}
	return []string{"--tls-cert", cert, "--tls-key", keyFile}, nil
}
