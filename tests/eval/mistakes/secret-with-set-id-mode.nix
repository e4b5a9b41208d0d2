# refused: is not of type `octal file mode of four digits without set-id bits, such as 0400'
{ hearth.secrets.entries.hello_token.mode = "4755"; }
