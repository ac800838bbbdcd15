module towpath/app
go 1.25
