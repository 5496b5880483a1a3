package fleet

import "time"

// SpendAllowance lets a terminal have sent all that it may.
func (h *Hub) SpendAllowance(terminal string) {
	h.allowance[terminal] = &credit{at: time.Now().Add(time.Hour)} // until the next look at it nothing comes anew
}
