"""What Midwatch does: the run loop, the step kinds, and the Celery tasks that knock on their door."""
