"""What the columns of money are: accounts of units, kept with the books, and no words about people (PIPL 51).

Who pays is a key to the register, so that a bill shows no name that was erased there. The reasons and notes that staff
write say that neither names nor telephone numbers belong in them. What a bank has written about a payment stays as it
was written, as long as its statement on paper has to (ten years: Measures for Accounting Archives 14).
"""

NOT_HELD = {
    "billing.Message": "key",
    "billing.BillAccess": "code_digest",
    "billing.Fee": "code name name_en",
    "billing.Tariff": "formula price_basis void_reason",
    "billing.Enrolment": "note",
    "billing.SharedCost": "evidence",
    "billing.Discount": "reason evidence decision_note",
    "billing.BillRun": "problem",
    "billing.Bill": "number lines void_reason",
    "billing.MonthClose": "figures note",
    "billing.BooksCheck": "found",
    "billing.MoneyRequest": "items reason decision_note",
    "billing.Shift": "number reason",
    "billing.Receipt": "number lines note",
    "billing.Payment": "external_ref",
    "billing.Refund": "number external_ref",
    "billing.Statement": "file_name digest stored sheets sheet encoding delimiter header mapping",
    "billing.StatementLine": "counterparty remark external_ref key reason",
    "billing.Deposit": "number note void_reason",
    "billing.DepositRule": "source",
    "billing.LedgerEntry": "kind",
    "billing.DunningRule": "source",
    "billing.ArrearsCase": "pause_note",
    "billing.DunningStep": "evidence result skipped",
    "billing.PromiseToPay": "note",
    "billing.Dispute": "outcome_note",
    "billing.LateClause": "clause void_reason",
    "billing.DemandLetter": "number pay_to proof_text",
}
