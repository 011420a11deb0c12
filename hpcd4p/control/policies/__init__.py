"""The policies of the auto-scaler. Pure; each file is one."""
