"""
What the product costs, measured on a company of 100,000 deals: `make bench`; of fewer: `make bench DEALS=3000`.

    database   a throw-away database on the developer's server or the embedded one
    world      the invented company: 200 reps, three years of deals with half a million lines of history
    night      the nightly forecast against COPY of the rows that it reads
    pages      requests a second and latency against an empty view, through a gunicorn of its own
    scale      reading and reckoning by size, up to a million deals: `make bench-scale`, kept in bench/scale.txt
    conversion reading all trials and reckoning all rates, for a region, a team and one rep
    counts     queries per page, for one row and for many

Nothing here judges: the numbers of a busy machine are no bug.
"""
