"""What every page is drawn with: template tags for icons, money, times, fields and lists."""
