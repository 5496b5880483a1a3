package api

// AuditEntry is one line of the audit log. Before and After are the fields that changed;
// both are absent once they were erased.
type AuditEntry struct {
	Seq         uint64         `json:"seq"`
	At          Time           `json:"at"`
	Actor       Actor          `json:"actor"`
	Action      string         `json:"action"`
	Object      string         `json:"object"`
	Subject     string         `json:"subject,omitempty"`
	SubjectName string         `json:"subject_name,omitempty"` // as it is called now
	Before      map[string]any `json:"before,omitempty"`
	After       map[string]any `json:"after,omitempty"`
	Erased      bool           `json:"erased,omitempty"`
	Hash        string         `json:"hash"`
}

// Actor is who made a change.
type Actor struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"` // of an account, as it is called now
	Via  string `json:"via,omitempty"`
}

// AuditProof tells whether the chain of the audit log holds. Whoever keeps Last and Head can
// see later whether lines at the end were taken out.
type AuditProof struct {
	Lines  uint64       `json:"lines"`
	Erased uint64       `json:"erased_lines"` // lines whose personal fields were erased
	First  uint64       `json:"first_seq"`    // oldest line that is kept
	Last   uint64       `json:"last_seq"`
	Head   string       `json:"head"` // hash of the last line
	Whole  bool         `json:"whole"`
	Faults []AuditFault `json:"faults"`
}

// AuditFault is a line that does not verify: changed, missing, content or hidden.
type AuditFault struct {
	Seq     uint64 `json:"seq"`
	Problem string `json:"fault"`
}
