"""整理归档. What was read becomes part of the archive.

============  =======================================================================================
quality       the program checks every page, a person a sample of them; what fails is scanned again
corrections   beside the picture: each a new version with its evidence, or a person's word for a value
casefiles     customers' files: complete by policy's checklist, and who is who in them
forms         the filing form and the second person's signature: then an item is archived
numbers       the register of 档号: final, reserved, void; no gap without a reason
catalogue     档案目录, as a page, a workbook, a print
labels        for boxes, and which boxes need another
handovers     from one person to another, item by item
reports       what came in, what is due, what is overdue; reminders
============  =======================================================================================
"""
