package api

import (
	"net/http"
	"reflect"
	"time"
)

// zoneOf is the time zone of the site that an answer is from; UTC if it names none that this
// machine knows.
func zoneOf(resp *http.Response) *time.Location {
	loc, err := time.LoadLocation(resp.Header.Get(zoneHeader))
	if err != nil {
		return time.UTC
	}
	return loc
}

// showTimesIn lets the moments in what v points to show the clocks of a time zone. They stay
// the same moments, and their JSON stays in UTC.
func showTimesIn(loc *time.Location, v any) { moveTimes(loc, reflect.ValueOf(v).Elem()) }

var timeType = reflect.TypeFor[Time]()

func moveTimes(loc *time.Location, v reflect.Value) {
	switch {
	case v.Type() == timeType:
		if t := v.Interface().(Time); !t.IsZero() {
			v.Set(reflect.ValueOf(Time{t.In(loc)}))
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		moveTimes(loc, v.Elem())
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			moveTimes(loc, v.Index(i))
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				moveTimes(loc, v.Field(i))
			}
		}
	}
}
