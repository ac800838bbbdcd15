module towpath/pause
go 1.25
