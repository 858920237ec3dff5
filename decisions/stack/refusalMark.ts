/** How every refusal by the program begins. The engine passes on only text, so this tells a refusal from a failure. */
export const refusalMark = "Refused: ";
