"""What Midwatch remembers: alerts, incidents, runs, steps, approvals and the timeline, in one database.

Nothing here imports from the rooms above. Every function takes a session, values and the present time, and gives
values back; the network, processes and Slack are elsewhere.
"""
