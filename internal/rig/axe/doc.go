// Package axe holds pages of panel and hub against axe-core, which finds what breaks the
// guidelines for people who see, hear or move otherwise (WCAG). It needs a browser, and so
// the build tag of that name.
package axe
