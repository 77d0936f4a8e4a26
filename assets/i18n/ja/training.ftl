# Training and the forms for it, tools.
