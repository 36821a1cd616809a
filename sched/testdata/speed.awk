# Makes a table of what `go test -bench Speed` prints; docs/sched-speed.md says how.
/^BenchmarkSpeed/ {
	split($1, a, "/")
	sub(/-[0-9]+$/, "", a[4])
	row = a[2] (a[4] == "walk" ? " (walking)" : "")
	if (!(row in seen)) { seen[row] = 1; rows[++n] = row }
	took[row, a[3]] = $3 < 100 ? sprintf("%.0f", $3) : sprintf("%.0f", $3 / 10) * 10
}
END {
	print "| ns | 10 | 100 | 1,000 | 10,000 |\n|---|---:|---:|---:|---:|"
	for (i = 1; i <= n; i++)
		print "| " rows[i] " | " took[rows[i], 10] " | " took[rows[i], 100] " | " took[rows[i], 1000] " | " took[rows[i], 10000] " |"
}
