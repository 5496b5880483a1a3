package page_test

import (
	"testing"

	"badged/sync/hub/web/page"
	"badged/sync/hub/web/webtest"
)

func TestTexts(t *testing.T) { webtest.Texts(t, page.Shared()) }
