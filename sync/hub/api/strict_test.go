package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"badged/sync/hub/api"
)

// A request with a field that nobody knows is refused before anything is done: a
// misspelt setting is not silently without effect. So are requests without end.
func TestRequestsThatAreNotUnderstoodAreRefused(t *testing.T) {
	handler := api.Handler(api.Options{Log: slog.New(slog.DiscardHandler)}) // there is no hub that could do anything
	for name, body := range map[string]string{
		"a misspelt setting": `{"quota_dya": 7}`,
		"not JSON":           `quota_day=7`,
		"a wrong type":       `{"quota_day": "seven"}`,
		"without end":        `{"name": "` + strings.Repeat("x", 64<<10) + `"}`,
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("PATCH", "/v1/site", strings.NewReader(body)))
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
}
