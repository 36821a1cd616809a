// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"encoding/binary"

	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// A VLAN tag (IEEE 802.1Q) stands behind both link-level addresses.
const (
	macsLen = 12
	tagLen  = 4
)

// putTag writes the addresses of a frame and the tag of its VLAN to b.
func putTag(b, frame []byte, vlan uint16) {
	copy(b, frame[:macsLen])
	binary.BigEndian.PutUint16(b[macsLen:], unix.ETH_P_8021Q)
	binary.BigEndian.PutUint16(b[macsLen+2:], vlan)
}

// shifted is o after n bytes came before what it is about.
func shifted(o packet.Offload, n uint16) packet.Offload {
	if o.Partial {
		o.Start += n
	}
	if o.HdrLen != 0 {
		o.HdrLen += n
	}
	return o
}
