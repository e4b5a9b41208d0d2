# refused: is not of type `integer between 1 and 365 (both inclusive)'
{ hearth.certificates.example.expiryWarningDays = 0; }
