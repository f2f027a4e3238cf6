"""Muniment: the archive as a sheet of paper travels through it.

=============  ==========  =================================================================
room           档案工作      what happens there
=============  ==========  =================================================================
``ingest``     收集         taken in: uploads, hot folders, cover sheets; masters stored, nothing lost
``ocr``        数字化        read: upright, recognised, classified, fields, searchable PDF/A
``filing``     整理归档      filed: checked, corrected, catalogued, numbered (档号), signed off, handed over
``search``     检索         found: one tokenizer, one query language, the index
``access``     利用         shown: every page given out is on the ledger first
``custody``    保管         kept: proven, inspected, backed up and restored, handed over
``retention``  鉴定销毁      due, held, appraised, destroyed: every copy, with witnesses and a certificate
``audit``      监督         watched: the ledger, exported and verified
``console``    –           the web pages, a client of the public HTTP API and of nothing else
``kernel``     –           what two rooms need, or what guards integrity
=============  ==========  =================================================================

The one arrow: ``cli`` → ``web``, ``work`` → ``app`` → the rooms → ``kernel``. ``app`` builds an archive, ``web`` opens its
doors, ``work`` does its jobs. Rooms never import each other; they speak through the catalogue and through jobs that carry ids.
Inside a room: ``endpoints | tasks → service → repository | engines | index``.
"""
