use super::*;

#[test]
fn show() {
    for text in ["rm -rf /", "echo 'a b' \"$x\" | sh", "a=1 b $(c d; e) `f \\`g\\``"] {
        println!("{:#?}", read(text));
    }
}
