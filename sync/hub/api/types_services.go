package api

// NewService asks for a service of the organisation. Kind is print, copy, scan, fax or link;
// a link has the address that it leads to.
type NewService struct {
	Kind     string `json:"kind"`
	French   string `json:"fr"`
	English  string `json:"en"`
	Link     string `json:"link,omitempty"`
	Everyone bool   `json:"everyone,omitempty"`
}

// ServicePatch changes what it names.
type ServicePatch struct {
	French   *string `json:"fr,omitempty"`
	English  *string `json:"en,omitempty"`
	Link     *string `json:"link,omitempty"`
	Everyone *bool   `json:"everyone,omitempty"`
}

// Service is what the organisation offers. Everyone: each account has it.
type Service struct {
	ID       uint64   `json:"id"`
	Kind     string   `json:"kind"`
	French   string   `json:"fr"`
	English  string   `json:"en"`
	Link     string   `json:"link,omitempty"`
	Everyone bool     `json:"everyone"`
	Groups   []string `json:"groups"` // that have it
}

// NewNotice is a version of the privacy notice to publish: the text in paragraphs, and a
// short one for panels without a keyboard. Link is where the whole stands on the web.
type NewNotice struct {
	French       string `json:"fr"`
	English      string `json:"en"`
	ShortFrench  string `json:"short_fr"`
	ShortEnglish string `json:"short_en"`
	Link         string `json:"link,omitempty"`
}

// Notice is a version that was published. The newest is in force.
type Notice struct {
	Version uint64 `json:"version"`
	Since   Time   `json:"since"`
	NewNotice
}

// NoticeAnswer is what somebody answered to a version: accepted or refused, at a panel or on
// the web.
type NoticeAnswer struct {
	Version  uint64 `json:"version"`
	Answer   string `json:"answer"`
	At       Time   `json:"at"`
	Channel  string `json:"channel"`
	Terminal string `json:"terminal,omitempty"`
}
