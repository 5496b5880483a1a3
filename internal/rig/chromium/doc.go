// Package chromium starts the browser in which tests open the pages of panel, hub and
// workbench. It needs the build tag browser, as those tests do.
package chromium
