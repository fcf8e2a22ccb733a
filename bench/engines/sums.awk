# Sums by source, destination and date. awk counts in doubles, exact up to 2^53, so squares are summed in parts of
# numbers below and above 2^14; whoever reads the table puts them together. It knows no quotes.
# Variables: a, b, c, d, e are the places of the five columns, from 1.
NR > 1 {
    key = $a "," $b "," substr($c, 1, 10)
    l = $d % 16384; h = ($d - l) / 16384
    m = $e % 16384; g = ($e - m) / 16384
    flows[key]++
    sum[key] += $d; low[key] += l * l; middle[key] += h * l; high[key] += h * h
    count[key] += $e; lower[key] += m * m; between[key] += g * m; higher[key] += g * g
}
END {
    for (key in flows)
        printf "%s,%d,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f\n", key, flows[key],
            sum[key], high[key], middle[key], low[key], count[key], higher[key], between[key], lower[key]
}
