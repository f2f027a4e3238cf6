UV = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --override requirements/overrides.txt --custom-compile-command "make lock" --quiet

lock:
	$(UV) -o requirements/run.txt
	$(UV) --extra dev -c requirements/run.txt -o requirements/dev.txt
