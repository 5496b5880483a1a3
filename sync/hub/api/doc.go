// Package api is how the hub is managed: HTTP and JSON, described in openapi.yaml, with the
// server's side, the client's, and the types of both. The same is served over a Unix socket
// that only the hub's owner can use, where the kernel tells who calls.
//
// Where a path or a field names an account, its id, at least 8 digits of it, its e-mail, its
// full name or anonymN will do.
package api
