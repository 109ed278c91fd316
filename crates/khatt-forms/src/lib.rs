//! In which words: Khatt's message forms as data, checked and shown in a line's languages.
