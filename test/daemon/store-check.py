"""Checks copies of a store with stock SQLite.

Reads one JSON object a line, {"file": ..., "ids": [...], "known": [...]}: runs that were promised, and others that were
there before. Answers each with a line, {"faults": [...], "more": [...]}: what is wrong, and runs that are none of these.
"""
import hashlib
import json
import sqlite3
import sys
import zlib


def inflated(content):
    return zlib.decompress(content, -15)


def check(file, ids, known):
    database = sqlite3.connect(file)
    one = lambda sql: database.execute(sql).fetchone()[0]
    found = []
    said = one("PRAGMA integrity_check")
    if said != "ok":
        return [said], []
    if one("PRAGMA user_version") == 0:
        return [f"{len(ids)} runs are lost"] if ids else [], []
    parts = {}
    for number, digest, content in database.execute("SELECT id, hash, content FROM parts"):
        text = inflated(content)
        json.loads(text)
        parts[number] = digest
        if hashlib.sha256(text).digest()[:16] != digest:
            found.append(f"part {number} is not what its hash says")
    shapes = set()
    for number, digest, content in database.execute("SELECT id, hash, content FROM shapes"):
        shape = json.loads(inflated(content))
        whole = hashlib.sha256(shape["head"].encode())
        whole.update(json.dumps(shape["counts"], separators=(",", ":")).encode())
        for part in shape["parts"]:
            whole.update(parts.get(part, b"missing"))
        shapes.add(number)
        if whole.digest()[:16] != digest:
            found.append(f"shape {number} is not whole")
    runs = database.execute(
        "SELECT runs.id, shape, varying FROM runs JOIN clusters ON clusters.id = cluster WHERE name = 'prod' ORDER BY seq"
    ).fetchall()
    kept = [run[0] for run in runs]
    found += [f"{run} was promised and is not there" for run in ids if run not in set(kept)]
    more = sorted(set(kept) - set(ids) - set(known))
    if len(more) > 1:
        found.append(f"{len(more)} runs are kept that nobody heard of")
    told = dict(database.execute("SELECT run, count(*) FROM transitions WHERE kind = 'opened' GROUP BY run"))
    for run, shape, varying in runs:
        json.loads(inflated(varying))
        if shape not in shapes:
            found.append(f"{run} has no report")
        if told.get(run, 0) < 1:
            found.append(f"{run} has no transition")
    if len(told) != len(kept):
        found.append("transitions of a run that is not there")
    if kept:
        body = one("SELECT body FROM finding_texts JOIN findings ON id = finding WHERE fingerprint = 'tm-1-strangers'")
        if json.loads(body)["message"] != kept[-1]:
            found.append("the finding was not told by the last run")
    if one("SELECT count(*) FROM findings WHERE state = 'open'") != (2 if kept else 0):
        found.append("a run resolved what it did not open, or the other way round")
    orphans = one("SELECT count(*) FROM parts WHERE id NOT IN (SELECT part FROM shape_parts)")
    orphans += one("SELECT count(*) FROM shapes WHERE id NOT IN (SELECT shape FROM runs)")
    if orphans:
        found.append(f"{orphans} pieces belong to nothing")
    database.close()
    return found, more


for line in sys.stdin:
    asked = json.loads(line)
    faults, more = check(asked["file"], asked["ids"], asked["known"])
    print(json.dumps({"faults": faults, "more": more}), flush=True)
