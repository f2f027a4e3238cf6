"""The catalogue (档案目录): every archived item in the order of its number, as a page, a workbook and a printed list."""
