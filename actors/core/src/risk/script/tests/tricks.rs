use super::*;

#[test]
fn show() {
    let Some(file) = std::env::var_os("SHOW") else { return };
    for text in std::fs::read_to_string(file).unwrap().split("\n%%\n") {
        println!("{text}\n    => {}", shown(&read(text)));
    }
}
