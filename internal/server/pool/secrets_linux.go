//go:build !portable

package pool

import (
	"fmt"

	"nettool/internal/handoff"
	"nettool/internal/tlsserve"
)

// secrets is what TLS takes, as children are given it.
type secrets struct {
	material *tlsserve.Material
	sealed   *handoff.Sealed // of the material
}

// equip gives a child what TLS takes, if that is not what the child has already.
func (p *Pool) equip(w *worker) error {
	if p.cfg.TLS == nil || w.secrets == p.cfg.TLS.Material() {
		return nil
	}
	if err := p.secrets.seal(p.cfg.TLS.Material()); err != nil {
		p.host.Short("tls", err)
		return nil // the child goes on with what it has
	}
	if err := w.child.Equip(p.secrets.sealed); err != nil {
		return err
	}
	w.secrets = p.secrets.material
	return nil
}

// seal makes a material ready to be given away.
func (s *secrets) seal(m *tlsserve.Material) error {
	if s.material == m {
		return nil
	}
	text, err := m.Text()
	if err != nil {
		return fmt.Errorf("write down TLS keys: %w", err)
	}
	sealed, err := handoff.Seal(text)
	if err != nil {
		return err
	}
	s.sealed.Close()
	s.material, s.sealed = m, sealed
	return nil
}
