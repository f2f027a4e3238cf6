"""鉴定: the due list and why, the schedule's classes, trigger events, holds."""
