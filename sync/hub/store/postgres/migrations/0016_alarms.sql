-- Open alarms, the newest first, among many that are acknowledged.
CREATE INDEX alarm_waits ON alarm (id) WHERE done = 0;
