"""What Alembic runs for the migrations: within the transaction that `service.store.migrate` was given."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
