package identity

import "errors"

// What can go wrong with a join or an identity, each with what to do about it.
var (
	ErrBadToken      = errors.New("the token is not valid (copy the whole line that `badgehub terminal add` printed)")
	ErrTokenUsed     = errors.New("the token was used already or has ended (make a new one at the hub: badgehub terminal add)")
	ErrTokenUnknown  = errors.New("the hub does not know this token (make a new one at the hub: badgehub terminal add)")
	ErrTooMany       = errors.New("the hub takes no more attempts to join from this address for now (wait a minute, then run `badged join` again with the same token)")
	ErrWrongCA       = errors.New("the hub is not the one that the token or identity is for (another server answers at its address, or the hub was set up anew: join again)")
	ErrHubName       = errors.New("the hub's certificate is not for the address that it was called by (start the hub with --host and this name)")
	ErrExpired       = errors.New("the hub's certificate has ended (restart the hub to renew it, and check the clocks of both)")
	ErrUnreachable   = errors.New("the hub cannot be reached (is it running, is the address right, does a firewall stand between?)")
	ErrAlreadyJoined = errors.New("this terminal has joined already (to join anew, move its identity folder away first)")
	ErrNotJoined     = errors.New("this terminal has not joined a hub (make a token at the hub with `badgehub terminal add`, then run `badged join`)")
	ErrBadIdentity   = errors.New("the identity is damaged (move its folder away and join again)")
	ErrHubAnswer     = errors.New("the hub's answer does not fit (are the versions of hub and terminal too far apart?)")
)
